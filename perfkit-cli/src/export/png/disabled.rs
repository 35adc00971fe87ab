use crate::error::Error;

pub(in crate::export) fn rasterize(_svg: &str) -> Result<Vec<u8>, Error> {
    Err(Error::usage("this perfkit was built without PNG").hint("plot to a file that ends in .svg"))
}
