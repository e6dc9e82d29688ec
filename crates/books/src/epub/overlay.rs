//! Media overlays: which sound belongs to which text (EPUB 3.3, 9).

use super::{document_name, narration_name};
use crate::book::BookPage;

/// Returns the overlay of a frame, whose narration speaks all of its words.
pub(super) fn overlay(page: &BookPage) -> String {
    let document = document_name(page);
    let sound = narration_name(page).unwrap_or_default();
    let seconds = page.narration.as_ref().map_or(0.0, |narration| narration.seconds);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <smil xmlns=\"http://www.w3.org/ns/SMIL\" xmlns:epub=\"http://www.idpf.org/2007/ops\" \
         version=\"3.0\"><body epub:textref=\"{document}\"><par id=\"spoken\">\
         <text src=\"{document}#words\"/>\
         <audio src=\"{sound}\" clipBegin=\"0s\" clipEnd=\"{}\"/></par></body></smil>\n",
        clock(seconds)
    )
}

/// Returns a duration as a clock value.
pub(super) fn clock(seconds: f64) -> String {
    format!("{seconds:.3}s")
}
