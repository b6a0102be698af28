"""A job."""


def main(arguments):
    return arguments
