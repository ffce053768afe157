"""The API: its routes, what may be asked, the schemas of other answers, its OpenAPI document."""
