//! Synthetic houses, scans and rendered walkthroughs with exact truth.
