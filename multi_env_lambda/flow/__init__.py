"""The phases of a deploy, one file per step: observe, desire, compare, agree, act, record."""
