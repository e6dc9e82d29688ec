//! Lists in parts.

/// A part of a list.
#[derive(Debug)]
pub struct Page<T, Cursor> {
    /// The items.
    pub items: Vec<T>,
    /// Where the list goes on, unless this is its end.
    pub next: Option<Cursor>,
}

impl<T, Cursor> Page<T, Cursor> {
    /// The first `limit` of `rows`, of which one more was read to see whether there is more; `after` tells the place
    /// of a row in the list.
    pub(in crate::app) fn from_rows<Row: Into<T>>(
        rows: Vec<Row>,
        limit: i64,
        after: impl FnOnce(&Row) -> Cursor,
    ) -> Self {
        Self::from_rows_with(rows, limit, after, Into::into)
    }

    /// The same, for rows that `view` makes items of.
    pub(in crate::app) fn from_rows_with<Row>(
        mut rows: Vec<Row>,
        limit: i64,
        after: impl FnOnce(&Row) -> Cursor,
        view: impl FnMut(Row) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(after);
        Self { items: rows.into_iter().map(view).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_only_when_there_is_more() {
        let page = |rows: &[i64], limit| {
            let page = Page::<i64, i64>::from_rows(rows.to_vec(), limit, |row| *row);
            (page.items, page.next)
        };
        assert_eq!(page(&[9, 8, 7], 2), (vec![9, 8], Some(8)));
        assert_eq!(page(&[9, 8], 2), (vec![9, 8], None));
        assert_eq!(page(&[], 2), (vec![], None));
    }
}
