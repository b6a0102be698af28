"""The commands that share only the world with the phases of a deploy: destroy, prune, drift, why, …"""
