//! What the server answers: a pure function of a request and the folder, so that it is tested without a
//! network.
//!
//! Only this machine may ask, and only its own pages may write: the `Host` of every request must be the
//! server's own address (a foreign name that was pointed here is refused), and a POST must carry JSON and
//! come from the server's own pages. Paths are taken apart after decoding; what is no plain name, and
//! what leads out of the folder by a symbolic link, is refused.

use super::reviews::{Decision, Reviews};
use super::{gallery, items};
use crate::viewer;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Longest body of a POST, bytes: a decision has some hundred.
pub(super) const MAX_BODY: usize = 16_384;

/// A request, taken apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask<'a> {
    /// `GET`, `HEAD`, `POST` ...
    pub method: &'a str,
    /// Path and query.
    pub url: &'a str,
    /// Header `Host`.
    pub host: Option<&'a str>,
    /// Header `Origin`.
    pub origin: Option<&'a str>,
    /// Header `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The body of a POST.
    pub body: &'a [u8],
}

/// What is sent back.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// Content with its type.
    Content(&'static str, Vec<u8>),
    /// A file with its type.
    File(&'static str, PathBuf),
    /// Nothing to say: it was done.
    Done,
    /// A status with its reason.
    Refused(u16, String),
}

/// A folder that is served.
#[derive(Debug)]
pub(super) struct Site {
    root: PathBuf,
    /// Items and decisions of a batch; `None` for the folder of one run.
    batch: Option<Batch>,
    /// `127.0.0.1:PORT` and `localhost:PORT`.
    names: [String; 2],
}

#[derive(Debug)]
struct Batch {
    ids: BTreeSet<String>,
    reviews: Mutex<Reviews>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Posted {
    id: String,
    decision: Option<Decision>,
}

impl Site {
    /// The folder of a run or of a batch, whose gallery is written anew.
    ///
    /// # Errors
    /// [`super::Error::NothingToShow`], or when the index or the decisions cannot be read.
    pub fn open(folder: &Path, port: u16) -> Result<Self, super::Error> {
        let root = folder
            .canonicalize()
            .map_err(|source| crate::artifact::Error::Read { source, path: folder.to_owned() })?;
        let batch = if items::is_batch(&root) {
            gallery::write(&root)?;
            let ids = items::read(&root)?.into_iter().map(|row| row.id).collect();
            Some(Batch { ids, reviews: Mutex::new(Reviews::read(&root)?) })
        } else if ["view.html", "scene.json"].iter().any(|name| root.join(name).is_file()) {
            None
        } else {
            return Err(super::Error::NothingToShow { path: folder.to_owned() });
        };
        Ok(Self { root, batch, names: [format!("127.0.0.1:{port}"), format!("localhost:{port}")] })
    }

    /// Answers a request.
    pub fn answer(&self, ask: &Ask<'_>) -> Answer {
        if !ask.host.is_some_and(|host| self.names.iter().any(|name| name == host)) {
            return refused(403, "this server answers to its own address only");
        }
        let path = ask.url.split(['?', '#']).next().unwrap_or("");
        match ask.method {
            "GET" | "HEAD" => self.get(path),
            "POST" if path == "/review" => self.post(ask),
            "POST" => refused(404, "there is nothing to post here"),
            _ => refused(405, "only GET, HEAD and POST are understood"),
        }
    }

    fn get(&self, path: &str) -> Answer {
        let Some(relative) = plain_path(path) else {
            return refused(400, "the path is not one of plain names below the folder");
        };
        let relative = match (relative.as_os_str().is_empty(), &self.batch) {
            (true, Some(_)) => PathBuf::from(gallery::FILE),
            (true, None) => PathBuf::from("view.html"),
            _ => relative,
        };
        let wanted = self.root.join(&relative);
        match wanted.canonicalize() {
            Ok(real) if !real.starts_with(&self.root) => refused(403, "the file lies outside the folder"),
            Ok(real) if real.is_file() => Answer::File(content_type(&real), real),
            // Before the first decision: none.
            Err(_) if self.batch.is_some() && relative == Path::new(Reviews::FILE) => {
                Answer::Content(content_type(&relative), Vec::new())
            }
            _ if relative.file_name().is_some_and(|name| name == "view.html") => self.fresh_view(&wanted),
            _ => refused(404, "there is no such file"),
        }
    }

    /// `view.html` of a folder that has none but has a scene.
    fn fresh_view(&self, wanted: &Path) -> Answer {
        let folder = wanted.parent().unwrap_or(&self.root);
        let inside = folder.canonicalize().is_ok_and(|real| real.starts_with(&self.root));
        if !inside || !folder.join("scene.json").is_file() {
            return refused(404, "there is no scene here");
        }
        match viewer::folder_html(folder) {
            Ok(html) => Answer::Content(content_type(wanted), html.into_bytes()),
            Err(cause) => refused(500, &cause.to_string()),
        }
    }

    fn post(&self, ask: &Ask<'_>) -> Answer {
        let Some(batch) = &self.batch else { return refused(404, "this folder is no batch") };
        let is_own = |origin: &str| self.names.iter().any(|name| origin == format!("http://{name}"));
        if !ask.origin.is_none_or(is_own) {
            return refused(403, "another site may not write here");
        }
        if ask.content_type.is_none_or(|kind| kind.split(';').next() != Some("application/json")) {
            return refused(415, "a decision is sent as application/json");
        }
        if ask.body.len() > MAX_BODY {
            return refused(413, &format!("more than {MAX_BODY} bytes are no decision"));
        }
        let posted: Posted = match serde_json::from_slice(ask.body) {
            Ok(posted) => posted,
            Err(cause) => return refused(400, &format!("no decision: {cause}")),
        };
        if !batch.ids.contains(&posted.id) {
            return refused(404, &format!("the batch has no item `{}`", posted.id));
        }
        let mut reviews = batch.reviews.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match reviews.set(&posted.id, posted.decision) {
            Ok(()) => Answer::Done,
            Err(cause) => refused(500, &cause.to_string()),
        }
    }
}

fn refused(status: u16, reason: &str) -> Answer {
    Answer::Refused(status, reason.to_owned())
}

/// The names of a path after decoding; `None` when one of them is not a plain name.
fn plain_path(path: &str) -> Option<PathBuf> {
    let rest = path.strip_prefix('/')?;
    let mut relative = PathBuf::new();
    for part in rest.split('/').filter(|part| !part.is_empty()) {
        let name = percent_decode_str(part).decode_utf8().ok()?;
        if name.starts_with('.') || name.contains(['/', '\\', '\0', ':']) {
            return None;
        }
        relative.push(&*name);
    }
    Some(relative)
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()).unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "json" => "application/json",
        "jsonl" => "application/x-ndjson; charset=utf-8",
        "txt" | "tum" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "mp4" => "video/mp4",
        "glb" => "model/gltf-binary",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
#[path = "respond_tests.rs"]
mod tests;
