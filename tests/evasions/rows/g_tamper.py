# SPDX-License-Identifier: Apache-2.0
"""G. Overload and tamper. Floods and kills are in tests/load."""
ROWS = []
