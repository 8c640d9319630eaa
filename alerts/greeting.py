"""Shaking hands with the mail relay, without a letter."""

import smtplib
import ssl

from trendwarte.settings import Smtp


def greet(smtp: Smtp, timeout_s: float) -> str:
    """Connect, secure the line and log in as a night would; gives what is wrong, or an empty text."""
    try:
        context = ssl.create_default_context()
        if smtp.security == "tls":
            line: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=timeout_s, context=context)
        else:
            line = smtplib.SMTP(smtp.host, smtp.port, timeout=timeout_s)
        with line:
            if smtp.security == "starttls":
                line.starttls(context=context)
            if smtp.user and smtp.password:
                line.login(smtp.user, smtp.password.get_secret_value())
            line.noop()
    except smtplib.SMTPAuthenticationError:
        return f"refuses the login of {smtp.user}"
    except smtplib.SMTPResponseException as error:
        return f"answers {error.smtp_code}"
    except (smtplib.SMTPException, OSError) as error:
        return str(error) or type(error).__name__
    return ""
