"""LogDig: behaviour logs in your own AWS account, from the script tag to the ad decision."""

__version__ = "0.1.0"
