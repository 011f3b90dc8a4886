"""`python -m pando`. What Pando is made of is in `pando_client`, `pando_server` and `pando_shared`."""
