"""Host a board: a server that takes submissions, a queue in a database, and workers.

``app`` answers requests, ``submissions`` is the queue, ``worker`` takes one submission after the
other from it, and ``jobs`` checks or scores it in a child process with limits. Rows are added with
`corruptbench.leaderboard.submit`. The server runs no model and serves no label.

This package needs the extra "server".
"""
