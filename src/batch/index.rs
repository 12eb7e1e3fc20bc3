//! The index of a batch folder: `index.jsonl`, one [`Row`] a line, and its copy `index.parquet`.
//!
//! Rows are appended as items finish, each written through to the disk, after the item's outputs stand
//! in their folder: a row is a promise. A shard `i/n` appends to `index-i-of-n.jsonl`, so that shards on
//! different machines may share a batch folder without sharing a file. [`read`] merges all of them: of
//! several rows of one item the latest counts. The fields of a row are described in [`super::row`].
