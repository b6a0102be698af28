from orders.kinds import kind


def main():
    return kind(1)
