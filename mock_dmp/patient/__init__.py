"""The simulated patient: what one sees of one's DMP and does to it. It exists so that plans can set the stage.

Served by the control API (`mock_dmp.control.patient`) and by the site /patient/ (`mock_dmp.pages.patient`).
"""
