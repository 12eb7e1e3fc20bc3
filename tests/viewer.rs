//! The pages: bundled from their sources, the same bytes for the same run, and working in a browser.

mod browser;
mod bundle;
mod fixtures;
mod pages;
