"""The web environment: a browser on an application whose state can be put back."""
