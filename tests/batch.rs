//! `roomwright batch` and `roomwright worker`, as processes: what they write, and that nothing is lost or done
//! twice whatever dies.

mod engines;
mod fixture;
mod labelling;
mod lerobot;
mod protocol;
mod shards;
#[cfg(target_os = "linux")]
mod deaths;
#[cfg(target_os = "linux")]
mod disks;
#[cfg(all(feature = "s3", feature = "opencv"))]
mod stores;
