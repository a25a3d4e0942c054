"""Each program of `examples/`, run as its README says, in the virtual environment of the frameworks."""
