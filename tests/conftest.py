"""What all tests share."""

import hypothesis

# CI machines stall now and then; a slow example is no failure of the code.
hypothesis.settings.register_profile("pando", deadline=None, print_blob=True)
hypothesis.settings.load_profile("pando")
