"""The local cloud: AWS accounts on 127.0.0.1 that enforce IAM and run the functions."""
