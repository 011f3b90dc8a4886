"""The Socket.IO side: from packets to the relay and back."""
