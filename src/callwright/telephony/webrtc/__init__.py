"""Browsers as telephones: WebRTC on one side, a stream of the media engine on the other."""
