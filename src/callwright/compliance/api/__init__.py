"""The compliance desk over HTTP: consents, freezes, decision records, complaints, people, rule packs, own numbers."""
