//! The client of S3 stores, behind plain functions: the only file that names `object_store` and `tokio`.
//!
//! Requests that fail are repeated by the client itself ([`RETRIES`], with growing waits); what remains is
//! for the caller, who knows whether the whole item is worth another attempt. A broken download goes on
//! where it stopped (a range request with the object's entity tag).

use super::{Address, Error, Object};
use futures_util::TryStreamExt;
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ClientConfigKey, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use std::io::Write;
use std::path::Path;
use std::sync::{Once, OnceLock};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Repetitions of one request by the client: enough for a store that sheds load for a second or two.
const RETRIES: usize = 4;
/// First and longest wait between them, and the time after which no more are begun.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
const RETRY_TIME: Duration = Duration::from_secs(30);
/// Longest time for a whole answer, and without any byte of it.
const ANSWER_TIME: &str = "1h";
const SILENCE_TIME: &str = "60s";

fn runtime() -> Result<&'static Runtime, std::io::Error> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    // One thread drives all requests of this process: a clip at a time is fetched.
    let made = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    Ok(RUNTIME.get_or_init(|| made))
}

fn client(address: &Address) -> Result<AmazonS3, Error> {
    static CRYPTOGRAPHY: Once = Once::new();
    // A provider that another part of the process has installed serves as well.
    CRYPTOGRAPHY.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    let retries = RetryConfig {
        backoff: BackoffConfig { init_backoff: FIRST_WAIT, max_backoff: LONGEST_WAIT, base: 2.0 },
        max_retries: RETRIES,
        retry_timeout: RETRY_TIME,
    };
    // A long clip over a slow line takes longer than the client's 30 s for a whole answer.
    AmazonS3Builder::from_env()
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), ANSWER_TIME)
        .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ReadTimeout), SILENCE_TIME)
        .with_retry(retries)
        .with_bucket_name(&address.bucket)
        .build()
        .map_err(|cause| Error::Configuration { cause: cause.to_string(), uri: address.to_string() })
}

fn key(address: &Address) -> Result<Key, Error> {
    Key::parse(&address.key)
        .map_err(|cause| Error::Configuration { cause: cause.to_string(), uri: address.to_string() })
}

fn failed(error: &object_store::Error, address: &Address) -> Error {
    use object_store::Error as Cause;
    let uri = address.to_string();
    let cause = words(error);
    match error {
        Cause::NotFound { .. } => Error::Missing(uri),
        Cause::PermissionDenied { .. } | Cause::Unauthenticated { .. } => Error::Denied { cause, uri },
        Cause::InvalidPath { .. } | Cause::NotSupported { .. } | Cause::UnknownConfigurationKey { .. } => {
            Error::Configuration { cause, uri }
        }
        _ => Error::Fault { cause, uri },
    }
}

/// The error with what caused it, on one line.
fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn object(address: &Address, meta: &ObjectMeta) -> Object {
    let whole = Address { bucket: address.bucket.clone(), key: meta.location.to_string() };
    let version = meta.e_tag.clone().unwrap_or_else(|| meta.last_modified.to_rfc3339());
    Object { uri: whole.to_string(), bytes: meta.size, version }
}

fn no_runtime(source: &std::io::Error, address: &Address) -> Error {
    Error::Fault { cause: format!("no thread for the client: {source}"), uri: address.to_string() }
}

pub(super) fn list(address: &Address) -> Result<Vec<Object>, Error> {
    let client = client(address)?;
    let prefix = key(address)?;
    let runtime = runtime().map_err(|source| no_runtime(&source, address))?;
    let metas: Vec<ObjectMeta> = runtime
        .block_on(client.list(Some(&prefix)).try_collect())
        .map_err(|error| failed(&error, address))?;
    let mut objects: Vec<Object> = metas.iter().map(|meta| object(address, meta)).collect();
    objects.sort_by(|a, b| a.uri.cmp(&b.uri));
    Ok(objects)
}

pub(super) fn head(address: &Address) -> Result<Object, Error> {
    let client = client(address)?;
    let location = key(address)?;
    let runtime = runtime().map_err(|source| no_runtime(&source, address))?;
    let meta = runtime.block_on(client.head(&location)).map_err(|error| failed(&error, address))?;
    Ok(object(address, &meta))
}

pub(super) fn fetch(address: &Address, path: &Path) -> Result<(), Error> {
    let client = client(address)?;
    let location = key(address)?;
    let runtime = runtime().map_err(|source| no_runtime(&source, address))?;
    let unwritable = |source| Error::Write { source, path: path.to_owned() };
    let mut file = std::fs::File::create(path).map_err(unwritable)?;
    runtime.block_on(async {
        let result = client.get(&location).await.map_err(|error| failed(&error, address))?;
        let promised = result.meta.size;
        let mut written = 0;
        let mut chunks = result.into_stream();
        while let Some(chunk) = chunks.try_next().await.map_err(|error| failed(&error, address))? {
            file.write_all(&chunk).map_err(unwritable)?;
            written += chunk.len() as u64;
        }
        if written != promised {
            let cause = format!("{written} of {promised} bytes came");
            return Err(Error::Fault { cause, uri: address.to_string() });
        }
        Ok(())
    })
}
