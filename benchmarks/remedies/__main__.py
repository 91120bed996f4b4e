"""`python -m benchmarks.remedies`. Worker processes do not import this module."""

from benchmarks.remedies.experiment import main

if __name__ == "__main__":
    main()
