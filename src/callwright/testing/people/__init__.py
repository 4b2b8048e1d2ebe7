"""Simulated people: a process of callees with their own SIP endpoints, voices and manners, each with a known right outcome.

A fake, and named as one: they exist so that the demo, rehearsals and tests ring somebody real enough without ringing anybody.
"""
