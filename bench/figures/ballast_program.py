"""The process that takes half a core away: it never rests, so that whoever shares its core gets the other half."""

if __name__ == "__main__":
    while True:
        pass
