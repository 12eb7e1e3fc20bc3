//! The integration tests, in one binary: linking the library once keeps the test build short.

mod bad_input;
mod batch;
mod eval;
mod physics;
mod python;
mod spatiallm;
mod use_graph;
mod viewer;
