"""The commands that share nothing with the phases of a deploy but the world: destroy, prune, drift, why, …"""
