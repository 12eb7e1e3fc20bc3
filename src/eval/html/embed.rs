//! Text and images inside HTML: escaping, and data URIs (RFC 2397).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Text with what HTML and SVG would take as markup replaced.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// An image as a data URI; `None` when the bytes are neither PNG nor JPEG.
#[must_use]
pub fn data_uri(bytes: &[u8]) -> Option<String> {
    let kind = match bytes {
        [0x89, b'P', b'N', b'G', ..] => "png",
        [0xff, 0xd8, 0xff, ..] => "jpeg",
        _ => return None,
    };
    Some(format!("data:image/{kind};base64,{}", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_are_embedded() {
        assert!(data_uri(b"\x89PNG....").expect("png").starts_with("data:image/png;base64,iVBOR"));
        assert!(data_uri(&[0xff, 0xd8, 0xff, 0xe0]).expect("jpeg").starts_with("data:image/jpeg"));
        assert!(data_uri(b"GIF89a").is_none());
    }
}
