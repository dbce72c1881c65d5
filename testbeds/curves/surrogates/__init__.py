"""Models fitted to a table: trees and networks, their noise, quality and best known values."""
