"""The API: its routes, what may be asked, what is answered, its OpenAPI document."""
