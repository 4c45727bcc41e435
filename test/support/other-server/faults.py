"""One planted fault at a time: the tests show that the conformance kit finds each of them. `POST /dev/fault` chooses it."""

current = ""


def fault(name):
    return current == name
