//! Breaks paragraphs into lines, at spaces and, in a word that is wider than a line, between characters.

use super::typeface::Typeface;

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) text: String,
    /// The distance from the left edge, in points.
    pub(super) indent: f32,
    /// Whether a paragraph begins with this line.
    pub(super) begins_paragraph: bool,
}

/// How paragraphs are set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting {
    /// Size of the type in points.
    pub(super) size: f32,
    /// Width of a line in points.
    pub(super) width: f32,
    /// Indent of the first line of each paragraph but the first, in points.
    pub(super) indent: f32,
}

/// Breaks paragraphs into lines.
pub(super) fn break_lines(
    paragraphs: &[String],
    typeface: &Typeface,
    setting: Setting,
) -> Vec<Line> {
    let mut lines = Vec::new();
    for (index, paragraph) in paragraphs.iter().enumerate() {
        let indent = if index == 0 { 0.0 } else { setting.indent };
        break_paragraph(paragraph, indent, typeface, setting, &mut lines);
    }
    lines
}

fn break_paragraph(
    paragraph: &str,
    first_indent: f32,
    typeface: &Typeface,
    setting: Setting,
    lines: &mut Vec<Line>,
) {
    let space = typeface.advance(' ') * setting.size;
    let (mut text, mut width, mut indent, mut is_first) = (String::new(), 0.0, first_indent, true);
    let mut end_line = |text: &mut String, indent: &mut f32, is_first: &mut bool| {
        let line = std::mem::take(text);
        lines.push(Line { text: line, indent: *indent, begins_paragraph: *is_first });
        (*indent, *is_first) = (0.0, false);
    };
    for word in paragraph.split_whitespace() {
        let word_width = typeface.width(word) * setting.size;
        if !text.is_empty() && indent + width + space + word_width > setting.width {
            end_line(&mut text, &mut indent, &mut is_first);
            width = 0.0;
        }
        if !text.is_empty() {
            text.push(' ');
            width += space;
        }
        if indent + word_width <= setting.width {
            text.push_str(word);
            width += word_width;
            continue;
        }
        for character in word.chars() {
            let advance = typeface.advance(character) * setting.size;
            if !text.is_empty() && indent + width + advance > setting.width {
                end_line(&mut text, &mut indent, &mut is_first);
                width = 0.0;
            }
            text.push(character);
            width += advance;
        }
    }
    if !text.is_empty() {
        end_line(&mut text, &mut indent, &mut is_first);
    }
}

#[cfg(test)]
mod tests {
    use super::super::typeface::{Style, Typefaces};
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page_and_no_word_is_lost() {
        let faces = Typefaces::load().unwrap();
        let regular = faces.style(Style::Regular);
        let long = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(9);
        let paragraphs = [
            "The lamp burns, and the sea answers, and nobody sleeps tonight.".to_owned(),
            format!("So {long} sings."),
            String::new(),
            "x".to_owned(),
        ];
        for width in [20.0, 100.0, 320.0] {
            let setting = Setting { size: 11.0, width, indent: 12.0 };
            let lines = break_lines(&paragraphs, regular, setting);
            for line in &lines {
                let end = line.indent + regular.width(&line.text) * 11.0;
                assert!(end <= width + 0.01, "{} is {end} wide", line.text);
                assert!(!line.text.is_empty() && line.text.trim() == line.text, "{line:?}");
            }
            let set: String = lines.iter().map(|line| line.text.replace(' ', "")).collect();
            assert_eq!(set, paragraphs.concat().replace(' ', ""));
            assert_eq!(lines.iter().filter(|line| line.begins_paragraph).count(), 3);
            assert!(lines[0].indent == 0.0 && lines.last().unwrap().indent > 11.0);
        }
    }
}
