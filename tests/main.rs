//! The integration tests, in one binary: linking the library once keeps the test build short.

mod eval;
mod physics;
mod python;
mod use_graph;
