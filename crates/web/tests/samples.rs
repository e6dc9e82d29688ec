//! Every page, rendered from sample views: empty, one, many, very long, right to left, hostile, and with errors.
#![allow(
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test that cannot go on says why and ends"
)]

#[path = "pages/mod.rs"]
mod pages;

use std::collections::BTreeSet;

use calliope_web::{Template, assets};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

use html5ever::tendril::TendrilSink;

/// Addresses that pages may lead to, beside assets: each is a route of the service. A `*` stands for one segment.
const ROUTES: [&str; 42] = [
    "/",
    "/s/*",
    "/s/*/*",
    "/s/*/feed.atom",
    "/s/*/book",
    "/s/*/book.epub",
    "/s/*/book.pdf",
    "/s/*/events",
    "/s/*/*/branch",
    "/s/*/*/similar",
    "/oembed",
    "/cancel",
    "/browser",
    "/library",
    "/search",
    "/bookmarks",
    "/lists/*",
    "/x/*",
    "/x/*/*",
    "/x/*/*/*",
    "/s/*/share",
    "/setup",
    "/setup/ready",
    "/media/signed/media/*",
    "/login",
    "/logout",
    "/connect",
    "/about",
    "/docs",
    "/favicon.ico",
    "/apple-touch-icon.png",
    "/manifest.webmanifest",
    "/media/*",
    "/v2/events",
    "/v2/stories/*/events",
    "/robots.txt",
    "/s/*/qr.svg",
    "/storytellers/*",
    "/wall/*",
    "/wall/*/events",
    "/wall/sw.js",
    "/assets/*",
];

/// An element with its attributes.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    has_text: bool,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }
}

fn parse(html: &str) -> (Vec<Element>, Vec<String>) {
    let dom = html5ever::parse_document(RcDom::default(), html5ever::ParseOpts::default())
        .one(html.to_owned());
    let mut elements = Vec::new();
    collect(&dom.document, &mut elements);
    let errors = dom.errors.borrow().iter().map(ToString::to_string).collect();
    (elements, errors)
}

fn collect(node: &Handle, elements: &mut Vec<Element>) {
    if let NodeData::Element { name, attrs, template_contents, .. } = &node.data {
        let attributes = attrs.borrow();
        let attributes =
            attributes.iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect();
        let has_text = !node.children.borrow().is_empty();
        elements.push(Element { name: name.local.to_string(), attributes, has_text });
        if let Some(contents) = &*template_contents.borrow() {
            collect(contents, elements);
        }
    }
    for child in node.children.borrow().iter() {
        collect(child, elements);
    }
}

fn is_route(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    if let Some(name) = path.strip_prefix("/assets/") {
        return assets::find(name).is_some();
    }
    let segments: Vec<&str> = path.split('/').collect();
    ROUTES.iter().any(|route| {
        let parts: Vec<&str> = route.split('/').collect();
        parts.len() == segments.len()
            && parts.iter().zip(&segments).all(|(p, s)| p == s || (*p == "*" && !s.is_empty()))
    })
}

#[test]
fn every_page_looks_as_it_did() {
    for (name, page) in pages::all() {
        let hashes = |text: &str| {
            let mut text = text.to_owned();
            for asset in assets::all() {
                let (stem, extension) = asset.name.rsplit_once('.').expect("an extension");
                let stem = &stem[..stem.len() - 17];
                text = text.replace(&asset.name, &format!("{stem}-HASH.{extension}"));
            }
            text
        };
        insta::assert_snapshot!(name, hashes(&page));
    }
}

#[test]
fn every_page_is_correct_html_without_inline_code() {
    for (name, page) in pages::all() {
        let (elements, errors) = parse(&page);
        assert!(errors.is_empty(), "{name}: {errors:?}\n{page}");
        let mut ids = BTreeSet::new();
        for element in &elements {
            let tag = &element.name;
            assert!(tag != "style", "{name} has a style element");
            let is_inline =
                tag == "script" && (element.has_text || element.attribute("src").is_none());
            assert!(!is_inline, "{name} has an inline script");
            for (attribute, value) in &element.attributes {
                let is_code = attribute == "style" || attribute.starts_with("on");
                assert!(!is_code, "{name}: {tag} {attribute}={value}");
                assert!(!value.trim_start().starts_with("javascript:"), "{name}: {value}");
            }
            if tag == "img" {
                assert!(element.attribute("alt").is_some(), "{name}: a picture without words");
            }
            if let Some(id) = element.attribute("id") {
                assert!(ids.insert(id.to_owned()), "{name}: the id {id} is there twice");
            }
        }
        for (tag, least) in [("title", 1), ("main", 1), ("html", 1)] {
            let count = elements.iter().filter(|element| element.name == tag).count();
            assert_eq!(count, least, "{name}: {tag}");
        }
        let html = elements.iter().find(|element| element.name == "html").expect("a root");
        assert!(html.attribute("lang").is_some(), "{name} has no language");
    }
}

#[test]
fn every_link_leads_to_a_route() {
    let mut count = 0;
    for (name, page) in pages::all() {
        let root = if name.contains("proxy") { "/stories" } else { "" };
        for element in parse(&page).0 {
            for attribute in [
                "href",
                "src",
                "action",
                "poster",
                "data-events",
                "data-base",
                "data-from",
                "data-worker",
            ] {
                let Some(value) = element.attribute(attribute) else { continue };
                let value = value.strip_prefix("https://stories.example").unwrap_or(value);
                if value.is_empty() {
                    continue;
                }
                let path = value.strip_prefix(root);
                let path = path.unwrap_or_else(|| panic!("{name}: {value} is not below {root}"));
                let path =
                    if attribute == "data-base" { format!("{path}1") } else { path.to_owned() };
                assert!(is_route(&path), "{name}: {attribute}={value} leads nowhere");
                count += 1;
            }
        }
    }
    assert!(count > 200, "{count}");
}

#[test]
fn what_people_wrote_is_text_and_nothing_else() {
    for (name, page) in pages::hostile() {
        assert!(page.contains("&#60;script&#62;") || page.contains("&lt;script&gt;"), "{name}");
        let (elements, errors) = parse(&page);
        assert!(errors.is_empty(), "{name}: {errors:?}");
        for element in elements {
            let is_ours = element.name != "script"
                || element.attribute("src").is_some_and(|src| src.starts_with("/assets/"));
            assert!(is_ours, "{name}: a script of somebody else");
            let handlers = element.attributes.iter().filter(|(a, _)| a.starts_with("on"));
            assert_eq!(handlers.count(), 0, "{name}: {}", element.name);
        }
    }
}

/// Returns whether a browser waits for what an element loads before it shows the page's picture.
fn blocks(element: &Element) -> bool {
    let is = |name: &str, value: &str| element.attribute(name) == Some(value);
    let is_lazy = is("loading", "lazy") || is("preload", "none");
    match element.name.as_str() {
        "link" => is("rel", "stylesheet"),
        // A module waits until the page is read.
        "script" => !is("type", "module") && element.attribute("async").is_none(),
        "img" | "video" | "audio" | "iframe" | "embed" | "object" => !is_lazy,
        _ => false,
    }
}

#[test]
fn a_readers_page_is_small_and_loads_little_before_its_picture() {
    for page in [pages::usual_reader(), pages::full_reader()] {
        let html = page.render().expect("rendered");
        let named: Vec<_> = assets::all().filter(|asset| html.contains(&asset.name)).collect();
        // A module loads others.
        let is_imported = |asset: &assets::Asset| {
            let names = |other: &assets::Asset| {
                String::from_utf8_lossy(&other.content).contains(&asset.name)
            };
            asset.media_type.contains("javascript") && named.iter().any(|other| names(other))
        };
        let imported = assets::all().filter(|asset| is_imported(asset));
        let code = named.iter().copied().chain(imported).map(|asset| asset.content.len());
        let total = html.len() + code.sum::<usize>();
        assert!(total < 30_000, "{total} bytes without pictures and typefaces");
        let (elements, _) = parse(&html);
        let picture = elements
            .iter()
            .position(|element| element.attribute("class") == Some("art"))
            .expect("a picture");
        // The page itself, and what it loads up to its picture.
        let requests = 1 + elements[..=picture].iter().filter(|element| blocks(element)).count();
        assert!(requests <= 3, "{requests} requests before the picture is there");
    }
}

#[test]
fn an_oembed_description_is_xml() {
    let description = pages::oembed().render().expect("rendered");
    assert!(description.starts_with("<?xml") && !description.contains("<script>"), "{description}");
    insta::assert_snapshot!("oembed", description);
}

#[test]
fn a_feed_is_xml() {
    let feed = pages::feed().render().expect("rendered");
    assert!(feed.starts_with("<?xml") && !feed.contains("<script>"), "{feed}");
    insta::assert_snapshot!("feed", feed);
}

#[test]
fn the_manifest_is_below_the_root() {
    insta::assert_snapshot!("manifest", calliope_web::manifest("/stories"));
}
