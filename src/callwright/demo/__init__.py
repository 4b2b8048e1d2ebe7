"""The main job as one command: rings simulated people over real SIP and RTP and reports every call."""
