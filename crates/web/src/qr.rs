//! QR codes as inline SVG.

use std::fmt::Write;

use qrcode::{Color, QrCode};

/// The light margin around a code in modules, which scanners need.
const MARGIN: usize = 4;

/// Returns a QR code of a text as an SVG element with the class `qr`. It has the medium error correction level.
///
/// Both colours are attributes of the element, because a page's policy allows no inline style, and scanners need dark
/// modules on a light ground in a dark colour scheme too. A text of more than about 2,300 bytes has no code: the result
/// is empty.
///
/// ```
/// assert!(calliope_web::qr_svg("https://stories.example/").starts_with("<svg class=\"qr\""));
/// ```
#[must_use]
pub fn qr_svg(text: &str) -> String {
    let Ok(code) = QrCode::new(text) else { return String::new() };
    let width = code.width();
    let size = width + 2 * MARGIN;
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row.iter().skip(x).take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                // Writing to a String does not fail.
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + MARGIN, y + MARGIN);
            }
            x += run.max(1);
        }
    }
    format!(
        "<svg class=\"qr\" viewBox=\"0 0 {size} {size}\" role=\"img\" aria-label=\"QR code\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the modules that the path of a code paints, by column and row.
    fn painted(svg: &str) -> Vec<(usize, usize)> {
        let path = svg.rsplit("d=\"").next().and_then(|rest| rest.split('"').next());
        let runs = path.expect("a path").split('M').filter(|run| !run.is_empty());
        let mut modules = Vec::new();
        for run in runs {
            let (start, rest) = run.split_once('h').expect("a run");
            let (x, y) = start.split_once(' ').expect("a position");
            let (x, y): (usize, usize) = (x.parse().expect("x"), y.parse().expect("y"));
            let length: usize =
                rest.split('v').next().expect("a length").parse().expect("a number");
            modules.extend((x..x + length).map(|x| (x, y)));
        }
        modules
    }

    #[test]
    fn it_paints_the_modules_of_the_code() {
        let text = "https://stories.example/x/Zm9vYmFyYmF6cXV4MTIzNA";
        let (svg, code) = (qr_svg(text), QrCode::new(text).expect("a code"));
        let width = code.width();
        let dark = (0..width * width).map(|i| (i % width, i / width));
        let dark = dark.filter(|at| code[*at] == Color::Dark);
        let dark: Vec<_> = dark.map(|(x, y)| (x + MARGIN, y + MARGIN)).collect();
        assert_eq!(painted(&svg), dark);
        assert!(!svg.contains("style"), "{svg}");
    }

    #[test]
    fn a_text_that_is_too_long_has_no_code() {
        assert!(!qr_svg(&"x".repeat(2300)).is_empty());
        assert_eq!(qr_svg(&"x".repeat(3000)), "");
    }
}
