//! The XMP packet (ISO 16684-1): RDF in XML.
//!
//! `Iptc4xmpExt:DigitalSourceType` says how the picture came into being and `Iptc4xmpExt:AISystemUsed` by which model (IPTC
//! Photo Metadata Standard 2025.1). The IPTC advises against naming a model as the creator, so `dc:creator` is left out.

use std::fmt::Write;

use calliope_domain::Provenance;

/// The most characters of a name. A packet must fit into one segment of a JPEG.
const MAX_NAME: usize = 500;

/// Returns the packet. It has no dates, so that the same picture is the same file whenever it is written.
pub(super) fn packet(provenance: &Provenance) -> String {
    let Provenance { digital_source_type, creator_tool, model } = provenance;
    let mut properties = String::new();
    let mut add = |name: &str, value: &str| {
        // Writing to a String does not fail.
        let _ = write!(properties, " {name}=\"{}\"", escape(value));
    };
    add("xmp:CreatorTool", creator_tool);
    add("Iptc4xmpExt:DigitalSourceType", digital_source_type.address());
    if let Some(model) = model {
        add("Iptc4xmpExt:AISystemUsed", model);
    }
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" \
         xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"{properties}/>\
         </rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"
    )
}

/// Returns the start of a text as the value of an attribute, without the characters that XML cannot hold.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars().take(MAX_NAME) {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => {}
            character if character.is_control() => {}
            character => escaped.push(character),
        }
    }
    escaped
}
