//! Reports as they are read: in terminals, as pages, and in the formats of other tools.

mod exports;
mod golden;
mod pages;
mod terminal;
