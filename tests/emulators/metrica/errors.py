"""The API's error responses and their JSON (docs/metrica-api.md#errors)."""

from typing import Any


class ApiError(Exception):
    """An error response: HTTP status, the API's error type and message."""

    def __init__(self, status: int, error_type: str, message: str, location: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message
        self.location = location

    def body(self) -> dict[str, Any]:
        """The JSON of the response; without `location` where there is none."""
        error = {"error_type": self.error_type, "message": self.message}
        if self.location:
            error["location"] = self.location
        return {"errors": [error], "code": self.status, "message": self.message}


def invalid(message: str, location: str = "") -> ApiError:
    """400 invalid_parameter."""
    return ApiError(400, "invalid_parameter", message, location)


def missing(parameter: str) -> ApiError:
    """400 missing_parameter."""
    return ApiError(400, "missing_parameter", f"Missing parameter: {parameter}", parameter)


def not_found(what: str) -> ApiError:
    """404 not_found."""
    return ApiError(404, "not_found", f"Entity not found: {what}")
