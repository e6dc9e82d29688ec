//! Every byte that is added to a file, and what readers of XMP make of it.

use std::collections::BTreeMap;

use calliope_domain::{DigitalSourceType, Dither, ImageFormat, Provenance};
use image::{Rgba, RgbaImage};
use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

use super::{packet, png, with_provenance};
use crate::imaging::testing::{encode_as, fixture, photo};
use crate::imaging::{decode, dimensions, encode};

const FORMATS: [ImageFormat; 3] = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Webp];

fn by_model(model: &str) -> Provenance {
    Provenance {
        digital_source_type: DigitalSourceType::TrainedAlgorithmicMedia,
        creator_tool: "Calliope 1.2.3".to_owned(),
        model: Some(model.to_owned()),
    }
}

/// Returns the packet of a file: the text from its processing instruction to the end of the last.
fn find_packet(file: &[u8]) -> Option<String> {
    let position = |mark: &[u8]| file.windows(mark.len()).position(|bytes| bytes == mark);
    let (start, end) = (position(b"<?xpacket begin")?, position(b"<?xpacket end=\"r\"?>")?);
    String::from_utf8(file[start..end + 19].to_vec()).ok()
}

/// Parses a packet to its properties, each under the address of its namespace and its name.
fn properties(packet: &str) -> BTreeMap<String, String> {
    let mut reader = NsReader::from_str(packet);
    let mut found = BTreeMap::new();
    loop {
        let event = reader.read_event().expect("XML");
        match event {
            Event::Eof => return found,
            Event::Empty(element) if element.local_name().as_ref() == b"Description" => {
                for attribute in element.attributes() {
                    let attribute = attribute.expect("an attribute");
                    if attribute.key.as_namespace_binding().is_some() {
                        continue;
                    }
                    let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
                    let ResolveResult::Bound(namespace) = namespace else { continue };
                    let value = std::str::from_utf8(&attribute.value).expect("text");
                    let value = quick_xml::escape::unescape(value).expect("escaped");
                    let key = [namespace.as_ref(), name.as_ref()].concat();
                    found.insert(String::from_utf8(key).expect("text"), value.into_owned());
                }
            }
            _ => {}
        }
    }
}

#[test]
fn readers_of_xmp_find_where_a_picture_comes_from() {
    let odd = "a <model> & \"more\" 灯台\u{1}";
    for format in FORMATS {
        let plain = encode(&photo(31, 18), format, Dither::None).unwrap();
        let file = with_provenance(plain.clone(), format, &by_model(odd));
        assert_eq!(decode(&file).unwrap(), decode(&plain).unwrap(), "{format}: pixels");
        assert_eq!(dimensions(&file).unwrap(), dimensions(&plain).unwrap(), "{format}");
        let found = properties(&find_packet(&file).expect("a packet"));
        let expected = [
            ("http://ns.adobe.com/xap/1.0/CreatorTool", "Calliope 1.2.3"),
            (
                "http://iptc.org/std/Iptc4xmpExt/2008-02-29/DigitalSourceType",
                "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
            ),
            (
                "http://iptc.org/std/Iptc4xmpExt/2008-02-29/AISystemUsed",
                "a <model> & \"more\" 灯台",
            ),
            ("http://www.w3.org/1999/02/22-rdf-syntax-ns#about", ""),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found, BTreeMap::from(expected), "{format}");
    }
}

#[test]
fn a_picture_without_a_model_names_none() {
    let painted = Provenance::new(DigitalSourceType::AlgorithmicMedia, None);
    let found = properties(&packet::packet(&painted));
    assert_eq!(found.len(), 3);
    assert!(found["http://ns.adobe.com/xap/1.0/CreatorTool"].starts_with("Calliope "));
}

#[test]
fn a_second_packet_replaces_the_first() {
    for format in FORMATS {
        let plain = encode(&photo(31, 18), format, Dither::None).unwrap();
        let first = with_provenance(plain.clone(), format, &by_model("first"));
        let second = with_provenance(first.clone(), format, &by_model("the second"));
        let expected = with_provenance(plain, format, &by_model("the second"));
        assert_eq!(second, expected, "{format}");
        assert_ne!(first, second, "{format}");
    }
}

#[test]
fn the_packet_is_where_each_format_wants_it() {
    let provenance = by_model("m");
    let text = packet::packet(&provenance);
    let made = |format| {
        let plain = encode(&photo(31, 18), format, Dither::None).unwrap();
        (with_provenance(plain.clone(), format, &provenance), plain)
    };
    let (file, plain) = made(ImageFormat::Png);
    let mut expected = plain[..33].to_vec();
    png::push(&mut expected, *b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", text.as_bytes()].concat());
    expected.extend_from_slice(&plain[33..]);
    assert_eq!(file, expected, "after IHDR");

    let (file, plain) = made(ImageFormat::Jpeg);
    let header = b"http://ns.adobe.com/xap/1.0/\0";
    let length = u16::try_from(2 + header.len() + text.len()).unwrap();
    let added = [&[0xff, 0xe1][..], &length.to_be_bytes(), header, text.as_bytes()].concat();
    assert_eq!(file, [&plain[..20], &added, &plain[20..]].concat(), "after JFIF");

    let (file, plain) = made(ImageFormat::Webp);
    let vp8x = b"VP8X\x0a\0\0\0\x04\0\0\0\x1e\0\0\x11\0\0";
    let mut xmp = [b"XMP ", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    xmp.resize(xmp.len().next_multiple_of(2), 0);
    let body = [b"WEBP", &vp8x[..], &plain[12..], &xmp].concat();
    let expected = [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat();
    assert_eq!(file, expected, "the extended layout");
}

#[test]
fn other_metadata_stays() {
    let mut file = encode(&photo(8, 8), ImageFormat::Png, Dither::None).unwrap();
    let end = file.split_off(33);
    png::push(&mut file, *b"tEXt", b"parameters\0a seed");
    png::push(&mut file, *b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<other/>");
    file.extend(end);
    let file = with_provenance(file, ImageFormat::Png, &by_model("m"));
    let holds = |text: &[u8]| file.windows(text.len()).any(|bytes| bytes == text);
    assert!(holds(b"parameters\0a seed") && !holds(b"<other/>"));
    assert!(decode(&file).is_ok());

    let jpeg = fixture("rocket_640x427.jpg");
    let with_exif = [&jpeg[..2], b"\xff\xe1\0\x0aExif\0\0MM", &jpeg[2..]].concat();
    let file = with_provenance(with_exif.clone(), ImageFormat::Jpeg, &by_model("m"));
    assert!(file.windows(8).any(|bytes| bytes == b"Exif\0\0MM"));
    assert_eq!(decode(&file).unwrap(), decode(&with_exif).unwrap());

    let rgba = RgbaImage::from_pixel(9, 5, Rgba([200, 10, 10, 90]));
    let webp = encode_as(rgba, image::ImageFormat::WebP);
    let file = with_provenance(webp, ImageFormat::Webp, &by_model("m"));
    assert_eq!(file[20] & 0x14, 0x14, "alpha and XMP");
    assert!(decode(&file).is_ok());
}

#[test]
fn a_signed_picture_stays_as_it_is() {
    let mut file = encode(&photo(8, 8), ImageFormat::Png, Dither::None).unwrap();
    let end = file.split_off(33);
    png::push(&mut file, *b"caBX", b"a manifest");
    file.extend(end);
    assert_eq!(with_provenance(file.clone(), ImageFormat::Png, &by_model("m")), file);
}

#[test]
fn what_has_no_place_for_it_stays_as_it_is() {
    for format in [ImageFormat::Bmp, ImageFormat::Rgb565, ImageFormat::Grayscale16] {
        let file = encode(&photo(8, 8), format, Dither::None).unwrap();
        assert_eq!(with_provenance(file.clone(), format, &by_model("m")), file);
    }
    for format in FORMATS {
        let file = encode(&photo(8, 8), format, Dither::None).unwrap();
        for cut in 0..file.len() {
            // Must not panic. A file that is cut off after its metadata may still get a packet.
            let _ = with_provenance(file[..cut].to_vec(), format, &by_model("m"));
        }
        for other in FORMATS.into_iter().filter(|other| *other != format) {
            assert_eq!(with_provenance(file.clone(), other, &by_model("m")), file);
        }
    }
}
