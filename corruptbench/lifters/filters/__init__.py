"""Filters over time of 2D keypoints, before any lifter, which needs no training for them.

Every module here that defines ``smoothed`` is a filter of the module's name. It takes keypoints
(F, K, 2) px without gaps, scores (F, K), 0 where nothing was detected, and frames per second, and
returns keypoints (F, K, 2).
"""
