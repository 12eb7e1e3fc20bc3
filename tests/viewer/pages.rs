//! The pages as files: size, determinism, what they carry.

use super::fixtures::{batch_folder, cloud, run_folder, sample};
use roomwright::math::Point3;
use roomwright::review::gallery;
use roomwright::viewer::{View, folder_html, view_html};

/// What the page of a small flat may weigh, bytes: three.js 0.7 MB, 60,000 points 0.7 MB, and the scene.
const MAX_PAGE_BYTES: usize = 2_000_000;

/// The data of a page: what stands in its JSON script of this identifier.
fn data(html: &str, id: &str) -> serde_json::Value {
    let begin = format!("<script type=\"application/json\" id=\"{id}\">");
    let json = html.split(&begin).nth(1).and_then(|rest| rest.split("</script>").next()).expect("data");
    serde_json::from_str(json).expect("JSON")
}

#[test]
fn the_page_of_a_run_carries_its_scene_and_stays_small() {
    let scene = sample();
    let cloud = cloud(&scene);
    let report =
        serde_json::json!({ "quality": { "score": 0.5, "parts": {} }, "timings": [{ "seconds": 3.0 }] });
    let path = [Point3::new(1.0, 2.0, 1.5), Point3::new(1.0, 2.5, 1.5)];
    let view =
        View { name: "clip.mp4", scene: &scene, report: Some(&report), cloud: Some(&cloud), path: &path };
    let html = view_html(&view).expect("a page");
    assert_eq!(html, view_html(&view).expect("a page"), "the same run gives the same bytes");
    assert!(html.len() < MAX_PAGE_BYTES, "{} bytes", html.len());
    println!("page of {} bytes for {} points", html.len(), cloud.len());
    let data = data(&html, "run-data");
    assert_eq!(data["scene"]["walls"].as_array().map(Vec::len), Some(scene.walls.len()));
    assert_eq!(data["path"], serde_json::json!([[1.0, 2.0, 1.5], [1.0, 2.5, 1.5]]));
    assert!(data["report"].get("timings").is_none(), "nothing of the clock");
}

#[test]
fn a_folder_with_a_scene_alone_has_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("scene.json"), sample().to_json()).expect("written");
    let data = data(&folder_html(folder.path()).expect("a page"), "run-data");
    assert!(data["cloud"].is_null() && data["report"].is_null() && data["path"] == serde_json::json!([]));
    let empty = tempfile::tempdir().expect("a folder");
    assert!(folder_html(empty.path()).expect_err("no scene").to_string().contains("scene.json"));
}

#[test]
fn a_run_folder_gives_its_page_again() {
    let folder = tempfile::tempdir().expect("a folder");
    run_folder(folder.path(), &sample());
    let html = std::fs::read_to_string(folder.path().join("view.html")).expect("written");
    assert_eq!(html, folder_html(folder.path()).expect("a page"));
    assert!(!data(&html, "run-data")["cloud"].is_null());
}

#[test]
fn the_gallery_links_what_is_there_and_tells_what_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    batch_folder(folder.path());
    std::fs::remove_file(folder.path().join("items/flat-b/scene.json")).expect("removed");
    std::fs::remove_file(folder.path().join("items/flat-b/thumbnail.jpg")).expect("removed");
    let html = gallery::html(folder.path()).expect("a gallery");
    assert_eq!(html, gallery::html(folder.path()).expect("a gallery"));
    let data = data(&html, "batch-data");
    let items = data["items"].as_array().expect("items");
    assert_eq!(items.len(), 6);
    assert_eq!(items[0]["plan"], "items/flat%20a%20%231/plan.svg");
    assert_eq!(items[0]["findings"][0]["code"], "wall-inferred");
    assert_eq!(items[1]["findings"][0]["code"], "outputs-unreadable");
    assert!(items[1]["thumbnail"].is_null() && items[2]["view"].is_null());
    assert!(!html.contains("finished_unix_s"), "nothing of the clock");
}
