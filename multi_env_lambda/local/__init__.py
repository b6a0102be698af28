"""The local cloud: five accounts on 127.0.0.1 that really enforce IAM and really run the functions."""
