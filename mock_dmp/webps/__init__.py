"""The Web-PS pages: who opens one, what one may see there, what it shows. Served by `mock_dmp.pages.web_ps`."""
