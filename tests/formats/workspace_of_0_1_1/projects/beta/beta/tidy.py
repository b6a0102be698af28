def run(arguments: dict) -> None:
    print("tidy", arguments)
