//! Stage 7 and 8 on detector-like drafts: what comes out is consistent, valid and readable.

mod before;
mod breakdown;
mod drafts;
mod exports;
mod figures;
mod hostile;
mod judges;
mod missing;
mod repair;
mod schema;
