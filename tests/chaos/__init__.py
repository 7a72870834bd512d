"""Whatever is between a released mark and the gradebook is broken at random; nothing may be lost or reverted."""
