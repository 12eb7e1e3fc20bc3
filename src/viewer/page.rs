//! Data into a bundled page.
//!
//! A page has one mark, [`MARK`]; in its place comes `<script type="application/json" id="...">`. JSON
//! has `<` inside strings only, where `\u003c` means the same, so that hostile text can end neither the
//! script nor begin a comment.

use serde::Serialize;

/// The page of a run, bundled from `viewer/src/viewer` by `make viewer`.
pub const VIEWER: &str = include_str!("../../viewer/dist/viewer.html");
/// The page of a batch, bundled from `viewer/src/gallery`.
pub const GALLERY: &str = include_str!("../../viewer/dist/gallery.html");

/// Where the data go.
const MARK: &str = "<!--run-->";

/// The page with the data under this identifier.
///
/// # Panics
/// When the data have no JSON form (a map whose keys are no strings).
#[must_use]
pub fn with_data(page: &str, id: &str, data: &impl Serialize) -> String {
    let json = serde_json::to_string(data)
        .expect("because pages are given strings, numbers and lists of them")
        .replace('<', "\\u003c");
    let script = format!("<script type=\"application/json\" id=\"{id}\">{json}</script>");
    page.replacen(MARK, &script, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_pages_have_one_place_for_data_and_load_nothing() {
        for page in [VIEWER, GALLERY] {
            assert_eq!(page.matches(MARK).count(), 1);
            assert!(page.contains("default-src 'none'"), "a policy forbids the network");
            for word in ["<link rel=\"stylesheet\"", "<script src", "@import", "@font-face"] {
                assert!(!page.contains(word), "{word}");
            }
        }
    }

    #[test]
    fn hostile_text_stays_inside_its_script() {
        let hostile = "</script><script>alert(1)</script><!--";
        let page = with_data("<p><!--run--></p>", "run-data", &serde_json::json!({ "name": hostile }));
        let inner = page
            .strip_prefix("<p><script type=\"application/json\" id=\"run-data\">")
            .and_then(|rest| rest.strip_suffix("</script></p>"))
            .expect("one script");
        assert!(!inner.contains('<'), "{inner}");
        let read: serde_json::Value = serde_json::from_str(inner).expect("still JSON");
        assert_eq!(read["name"], hostile);
    }
}
