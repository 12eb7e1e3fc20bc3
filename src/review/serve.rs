//! The pages over HTTP on 127.0.0.1: `roomwright view`.
//!
//! HTTP is `tiny_http`'s; what is answered stands in `respond`. A few threads answer, so that one slow
//! picture does not hold up the others.

use super::Error;
use super::respond::{Answer, Ask, MAX_BODY, Site};
use std::fs::File;
use std::io::{Cursor, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use tiny_http::{Header, Request, Response};

/// The port when none is asked for.
pub const DEFAULT_PORT: u16 = 7676;
/// Threads that answer.
const THREADS: usize = 4;

/// A server that listens and is ready to answer.
pub struct Server {
    http: tiny_http::Server,
    site: Site,
    address: SocketAddr,
}

impl Server {
    /// Listens for a run's or a batch's folder. Without a port it takes [`DEFAULT_PORT`], or any free one
    /// when that is taken; port 0 is any free one.
    ///
    /// # Errors
    /// [`Error::Bind`] when the port that was asked for cannot be had, [`Error::NothingToShow`], or when
    /// the gallery cannot be written.
    pub fn bind(folder: &Path, port: Option<u16>) -> Result<Self, Error> {
        let http = match port {
            Some(port) => listen(port)?,
            None => listen(DEFAULT_PORT).or_else(|_| listen(0))?,
        };
        let address = http.server_addr().to_ip().expect("because it listens on an IP address");
        let site = Site::open(folder, address.port())?;
        Ok(Self { http, site, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Answers until [`Self::stop`] is called.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn serve(&self) -> Result<(), Error> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| self.answer_all())).collect();
            let ended = threads.into_iter().map(|thread| thread.join().unwrap_or(Ok(())));
            ended.fold(Ok(()), Result::and)
        })
    }

    /// Ends [`Self::serve`].
    pub fn stop(&self) {
        for _ in 0..THREADS {
            self.http.unblock();
        }
    }

    fn answer_all(&self) -> Result<(), Error> {
        loop {
            match self.http.recv() {
                Ok(request) => self.answer(request),
                // What `unblock` ends with.
                Err(cause) if cause.kind() == std::io::ErrorKind::Other => return Ok(()),
                Err(cause) => {
                    self.stop();
                    return Err(Error::Serve(cause));
                }
            }
        }
    }

    /// A peer that goes away before it has read its answer is its own concern.
    fn answer(&self, mut request: Request) {
        let mut body = Vec::new();
        let limit = MAX_BODY as u64 + 1;
        if request.as_reader().take(limit).read_to_end(&mut body).is_err() {
            return;
        }
        let header = |name: &'static str| {
            request
                .headers()
                .iter()
                .find(|header| header.field.equiv(name))
                .map(|header| header.value.as_str())
        };
        let method = request.method().to_string();
        let answer = self.site.answer(&Ask {
            method: &method,
            url: request.url(),
            host: header("Host"),
            origin: header("Origin"),
            content_type: header("Content-Type"),
            body: &body,
        });
        let _ = match answer {
            Answer::Content(kind, bytes) => request.respond(with_type(Response::from_data(bytes), kind)),
            Answer::File(kind, path) => match File::open(&path) {
                Ok(file) => request.respond(with_type(Response::from_file(file), kind)),
                Err(cause) => request.respond(text(500, cause.to_string())),
            },
            Answer::Done => request.respond(text(204, String::new())),
            Answer::Refused(status, reason) => request.respond(text(status, reason)),
        };
    }
}

fn listen(port: u16) -> Result<tiny_http::Server, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    tiny_http::Server::http(address).map_err(|cause| Error::Bind { address, cause: cause.to_string() })
}

fn text(status: u16, reason: String) -> Response<Cursor<Vec<u8>>> {
    with_type(Response::from_string(reason).with_status_code(status), "text/plain; charset=utf-8")
}

/// The answer with its type. Nothing is kept by the browser, since the next run replaces it; an SVG that
/// is opened by itself runs no script.
fn with_type<R: Read>(response: Response<R>, kind: &str) -> Response<R> {
    let headers =
        [("Content-Type", kind), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")];
    let sandbox = (kind == "image/svg+xml").then_some(("Content-Security-Policy", "sandbox"));
    headers.into_iter().chain(sandbox).fold(response, |response, (name, value)| {
        let header = Header::from_bytes(name, value).expect("because names and values are ASCII");
        response.with_header(header)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpStream;

    fn run_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let scene = include_str!("../../samples/two-room-flat/expected_scene.json");
        std::fs::write(folder.path().join("scene.json"), scene).expect("written");
        folder
    }

    fn exchange(server: &Server, request: &str) -> String {
        let mut stream = TcpStream::connect(server.address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    }

    #[test]
    fn it_serves_on_this_machine_and_stops() {
        let folder = run_folder();
        let server = Server::bind(folder.path(), Some(0)).expect("free port");
        assert!(server.address.ip().is_loopback() && server.address.port() != 0);
        let host = server.address.to_string();
        std::thread::scope(|scope| {
            let serving = scope.spawn(|| server.serve());
            let ask = |path: &str| {
                exchange(
                    &server,
                    &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
                )
            };
            let page = ask("/");
            assert!(page.starts_with("HTTP/1.1 200") && page.contains("run-data"), "{:.200}", page);
            assert!(page.contains("X-Content-Type-Options: nosniff"));
            assert!(ask("/scene.json").contains("application/json"));
            assert!(ask("/../Cargo.toml").starts_with("HTTP/1.1 400"));
            assert!(ask("/none").starts_with("HTTP/1.1 404"));
            server.stop();
            serving.join().expect("no panic").expect("stopped");
        });
    }

    #[test]
    fn a_taken_port_is_told_and_the_default_gives_way() {
        let folder = run_folder();
        let first = Server::bind(folder.path(), Some(0)).expect("free port");
        let port = first.address.port();
        let message = Server::bind(folder.path(), Some(port)).err().expect("taken").to_string();
        assert!(message.contains(&port.to_string()) && message.contains("--port"), "{message}");
        let (one, other) = (
            Server::bind(folder.path(), None).expect("a port"),
            Server::bind(folder.path(), None).expect("another"),
        );
        assert_ne!(one.address.port(), other.address.port());
    }
}
