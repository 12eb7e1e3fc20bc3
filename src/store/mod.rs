//! Clips in object stores: `s3://bucket/key` and whatever speaks S3.
//!
//! Takes addresses; lists, asks for size and version, and copies an object to a file. Where the store is
//! and who asks comes from the usual variables: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
//! `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`, `AWS_SKIP_SIGNATURE`. The async
//! runtime that the client needs stays inside [`s3`]. Builds without the feature `s3` refuse addresses.

#[cfg(feature = "s3")]
mod s3;

use std::path::Path;

/// Prefixes of addresses, in lower case.
const SCHEMES: [&str; 2] = ["s3://", "s3a://"];

/// An address: bucket and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The bucket.
    pub bucket: String,
    /// The key, or the beginning of keys; without a leading slash.
    pub key: String,
}

/// An object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its address, as text.
    pub uri: String,
    /// Its size.
    pub bytes: u64,
    /// What changes when its content does: entity tag, or time of change.
    pub version: String,
}

/// Why a store did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No bucket in the address.
    #[error("the address names no bucket; write s3://BUCKET/KEY: {0}")]
    Address(String),
    /// There is no such object.
    #[error("the store has no such object; check the spelling: {0}")]
    Missing(String),
    /// The store does not let this caller in.
    #[error(
        "the store refuses ({cause}); check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy: {uri}"
    )]
    Denied {
        /// Its answer.
        cause: String,
        /// The address.
        uri: String,
    },
    /// The store cannot be spoken to as configured.
    #[error("the store cannot be used ({cause}); check the AWS_ variables: {uri}")]
    Configuration {
        /// What is wrong.
        cause: String,
        /// The address.
        uri: String,
    },
    /// The store or the way to it failed.
    #[error("the store does not answer as it should ({cause}); try again later: {uri}")]
    Fault {
        /// What happened.
        cause: String,
        /// The address.
        uri: String,
    },
    /// The copy cannot be written.
    #[error("the clip cannot be copied from the store ({source}); check free space and rights: {}", path.display())]
    Write {
        /// Cause.
        source: std::io::Error,
        /// The copy.
        path: std::path::PathBuf,
    },
    /// This build has no client.
    #[error(
        "this build was made without the feature `s3`; build with it, or copy the clips to a folder: {0}"
    )]
    NotBuilt(String),
}

impl Error {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> crate::fault::Fault {
        use crate::fault::{Fault, is_temporary};
        match self {
            Self::Fault { .. } => Fault::Temporary,
            Self::Write { source, .. } if is_temporary(source) => Fault::Temporary,
            _ => Fault::Usage,
        }
    }

    /// Name of the cause, kebab-case.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Address(_) => "bad-address",
            Self::Missing(_) => "missing",
            Self::Denied { .. } => "store-denied",
            Self::Configuration { .. } => "store-configuration",
            Self::Fault { .. } => "store-fault",
            Self::Write { source, .. } => crate::fault::cause_of_io(source),
            Self::NotBuilt(_) => "s3-missing",
        }
    }
}

/// The text is an address of a store, not a path.
#[must_use]
pub fn is_address(text: &str) -> bool {
    SCHEMES.iter().any(|scheme| {
        text.len() >= scheme.len()
            && text.is_char_boundary(scheme.len())
            && text[..scheme.len()].eq_ignore_ascii_case(scheme)
    })
}

impl std::str::FromStr for Address {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::Address(text.to_owned());
        if !is_address(text) {
            return Err(wrong());
        }
        let (_, rest) = text.split_once("://").ok_or_else(wrong)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong());
        }
        Ok(Self { bucket: bucket.to_owned(), key: key.trim_start_matches('/').to_owned() })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// All objects whose keys begin with the address's key as a folder, in the order of their keys.
///
/// # Errors
/// [`Error`]; a bucket without such objects is no error.
pub fn list(address: &Address) -> Result<Vec<Object>, Error> {
    #[cfg(feature = "s3")]
    return s3::list(address);
    #[cfg(not(feature = "s3"))]
    Err(Error::NotBuilt(address.to_string()))
}

/// Size and version of an object.
///
/// # Errors
/// [`Error`].
pub fn head(address: &Address) -> Result<Object, Error> {
    #[cfg(feature = "s3")]
    return s3::head(address);
    #[cfg(not(feature = "s3"))]
    Err(Error::NotBuilt(address.to_string()))
}

/// Copies an object to a file, which is whole when this returns without an error.
///
/// # Errors
/// [`Error`].
pub fn fetch(address: &Address, path: &Path) -> Result<(), Error> {
    #[cfg(feature = "s3")]
    return s3::fetch(address, path);
    #[cfg(not(feature = "s3"))]
    {
        let _ = path;
        Err(Error::NotBuilt(address.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_bucket_and_key() {
        let address: Address = "s3://walks/day1/a b.mp4".parse().expect("an address");
        assert_eq!((address.bucket.as_str(), address.key.as_str()), ("walks", "day1/a b.mp4"));
        assert_eq!("S3A://walks".parse::<Address>().expect("no key").to_string(), "s3://walks/");
        for wrong in ["s3:///key", "walks/a.mp4", "http://walks/a.mp4"] {
            assert!(matches!(wrong.parse::<Address>(), Err(Error::Address(_))), "{wrong}");
        }
    }

    #[cfg(not(feature = "s3"))]
    #[test]
    fn a_build_without_a_client_says_so() {
        let address: Address = "s3://walks/a.mp4".parse().expect("an address");
        let error = head(&address).expect_err("no client");
        assert_eq!(error.fault(), crate::fault::Fault::Usage);
        assert!(error.to_string().contains("feature `s3`"), "{error}");
    }
}
