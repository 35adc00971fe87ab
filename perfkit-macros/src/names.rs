//! What generated code calls things.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::Ident;

use crate::arguments::{Arguments, Library};

/// The module of the library that generated code uses.
pub(crate) fn private(arguments: &Arguments) -> TokenStream {
    let Library(krate) = &arguments.library;
    quote!(#krate::__private)
}

/// The same where the compiler shall point when what it is given does not fit.
pub(crate) fn private_at(arguments: &Arguments, span: Span) -> TokenStream {
    let tokens = private(arguments).into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    tokens.collect()
}

/// A name that the function's own code cannot see.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(&format!("__perfkit_{name}"), Span::mixed_site())
}
