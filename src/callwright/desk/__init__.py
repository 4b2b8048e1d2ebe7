"""People beside the robots: who watches calls, listens to them, takes them over and gives them back, and the agents whom scripts ask for.

Calls live in workers, browsers speak with the API: a worker opens a private port (`port`), the API's board (`board`) follows every worker's
feed and tells browsers. ADR 0009 says why.
"""
