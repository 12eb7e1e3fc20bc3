//! The server's answers, without a network.

use super::*;

const PORT: u16 = 7000;
const HOST: &str = "127.0.0.1:7000";
const ROW: &str = "{\"id\":\"a\",\"input\":\"a.mp4\",\"folder\":\"items/a\",\"status\":\"ok\",\"code\":0}\n";

/// A batch of one item with a scene, and a file beside the batch that nobody may read.
fn batch() -> (tempfile::TempDir, Site) {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("batch");
    std::fs::create_dir_all(root.join("items/a")).expect("made");
    std::fs::write(folder.path().join("secret.txt"), "secret").expect("written");
    std::fs::write(root.join("index.jsonl"), ROW).expect("written");
    let scene = include_str!("../../samples/two-room-flat/expected_scene.json");
    std::fs::write(root.join("items/a/scene.json"), scene).expect("written");
    std::fs::write(root.join("items/a/plan.svg"), "<svg/>").expect("written");
    let site = Site::open(&root, PORT).expect("a batch");
    (folder, site)
}

fn get(site: &Site, url: &str) -> Answer {
    site.answer(&Ask { method: "GET", url, host: Some(HOST), ..Ask::default() })
}

fn post(site: &Site, body: &str, change: impl Fn(&mut Ask<'_>)) -> Answer {
    let mut ask = Ask {
        method: "POST",
        url: "/review",
        host: Some(HOST),
        origin: Some("http://127.0.0.1:7000"),
        content_type: Some("application/json"),
        body: body.as_bytes(),
    };
    change(&mut ask);
    site.answer(&ask)
}

fn status(answer: &Answer) -> u16 {
    match answer {
        Answer::Refused(status, _) => *status,
        Answer::Content(..) | Answer::File(..) | Answer::Done => 200,
    }
}

#[test]
fn the_gallery_is_written_anew_and_served_with_its_pictures() {
    let (_folder, site) = batch();
    let Answer::File(kind, path) = get(&site, "/") else { panic!("no page") };
    assert_eq!(kind, "text/html; charset=utf-8");
    let html = std::fs::read_to_string(path).expect("readable");
    assert!(html.contains("\"plan\":\"items/a/plan.svg\"") && html.contains("\"thumbnail\":null"));
    assert!(matches!(get(&site, "/items/a/plan.svg?x=1"), Answer::File("image/svg+xml", _)));
    assert!(matches!(get(&site, "/items/%61/scene.json"), Answer::File("application/json", _)));
}

#[test]
fn a_view_that_is_not_there_is_made_from_the_scene() {
    let (_folder, site) = batch();
    let Answer::Content(_, html) = get(&site, "/items/a/view.html") else { panic!("no page") };
    let html = String::from_utf8(html).expect("text");
    assert!(html.contains("id=\"run-data\"") && html.contains("\"cloud\":null"));
    assert_eq!(status(&get(&site, "/items/view.html")), 404);
}

#[test]
fn nothing_outside_the_folder_is_served() {
    let (folder, site) = batch();
    for url in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/items/..%2f..%2f..%2fsecret.txt",
        "/items/a/%2E%2E/%2e%2e/%2e./secret.txt",
        "//../secret.txt",
        "/..\\secret.txt",
        "/items%00/secret.txt",
        "secret.txt",
        "http://127.0.0.1:7000/../secret.txt",
        "/.hidden",
        "/%ff",
    ] {
        assert_eq!(status(&get(&site, url)), 400, "{url}");
    }
    #[cfg(unix)]
    {
        let secret = folder.path().join("secret.txt");
        std::os::unix::fs::symlink(secret, folder.path().join("batch/link.txt")).expect("linked");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("batch/up")).expect("linked");
        assert_eq!(status(&get(&site, "/link.txt")), 403);
        assert_eq!(status(&get(&site, "/up/secret.txt")), 403);
        assert_eq!(status(&get(&site, "/up/view.html")), 404);
    }
    assert_eq!(status(&get(&site, "/items/a")), 404, "no listing of folders");
}

#[test]
fn only_the_own_pages_decide() {
    let (folder, site) = batch();
    let good = "{\"id\":\"a\",\"decision\":\"accept\"}";
    assert_eq!(status(&post(&site, good, |ask| ask.origin = Some("http://evil.example"))), 403);
    assert_eq!(status(&post(&site, good, |ask| ask.origin = Some("null"))), 403);
    assert_eq!(status(&post(&site, good, |ask| ask.host = Some("evil.example:7000"))), 403);
    assert_eq!(status(&post(&site, good, |ask| ask.host = None)), 403);
    assert_eq!(status(&post(&site, good, |ask| ask.content_type = Some("text/plain"))), 415);
    assert_eq!(status(&post(&site, good, |ask| ask.url = "/other")), 404);
    assert_eq!(status(&post(&site, good, |ask| ask.method = "PUT")), 405);
    assert_eq!(status(&post(&site, &" ".repeat(MAX_BODY + 1), |_| ())), 413);
    assert_eq!(status(&post(&site, "{\"id\":\"b\",\"decision\":\"accept\"}", |_| ())), 404);
    assert_eq!(status(&post(&site, "{\"id\":\"a\",\"decision\":\"perhaps\"}", |_| ())), 400);
    let file = folder.path().join("batch/review.jsonl");
    assert_eq!(
        get(&site, "/review.jsonl"),
        Answer::Content("application/x-ndjson; charset=utf-8", Vec::new())
    );
    assert!(!file.exists(), "nothing of this was a decision");

    assert_eq!(post(&site, good, |_| ()), Answer::Done);
    assert_eq!(std::fs::read_to_string(&file).expect("there"), format!("{good}\n"));
    assert_eq!(post(&site, "{\"id\":\"a\",\"decision\":null}", |ask| ask.origin = None), Answer::Done);
    assert_eq!(std::fs::read_to_string(&file).expect("there"), "");
}

#[test]
fn a_folder_with_nothing_to_show_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = Site::open(folder.path(), PORT).expect_err("nothing there").to_string();
    assert!(message.contains("scene.json"), "{message}");
    let missing = folder.path().join("none");
    assert!(Site::open(&missing, PORT).expect_err("not there").to_string().contains("none"));
}
